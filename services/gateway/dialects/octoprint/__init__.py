"""OctoPrint's REST API as OctoPrint 1.11 speaks it, and the job endpoint of December 2013."""
