"""What a print file says: its time, filament, room, layers and pictures, read in a process of its own.

`reading.read` does the work, `runner.AnalysisRunner` has it done elsewhere, `time_left.time_left` uses the result.
"""
