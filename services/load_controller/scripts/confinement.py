"""Takes everything away from a process that a user script does not need: files, network, other processes, memory, time.

Linux only, without privileges: limits of the kernel, and a filter of system calls (seccomp) that lets a running Python
interpreter compute, sleep, and talk over pipes that are open already. Whatever else it tries is answered "not
permitted". Where this cannot be had, `confine` raises, and no script runs.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_NOT_PERMITTED = 0x00050000 | 1  # errno EPERM
_KILL = 0x80000000

# Offsets in `struct seccomp_data` (linux/seccomp.h) and the operations of classic BPF (linux/filter.h).
_NUMBER, _ARCHITECTURE = 0, 4
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06

# What an interpreter that is up and running needs, by the architecture's own numbers (asm/unistd.h).
_X86_64 = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28,
    "nanosleep": 35, "getpid": 39, "exit": 60, "sigaltstack": 131, "gettid": 186, "futex": 202, "restart_syscall": 219,
    "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231, "epoll_wait": 232, "epoll_ctl": 233,
    "epoll_pwait": 281, "getrandom": 318,
}  # fmt: skip
_AARCH64 = {
    "epoll_ctl": 21, "epoll_pwait": 22, "close": 57, "lseek": 62, "read": 63, "write": 64, "fstat": 80, "exit": 93,
    "exit_group": 94, "futex": 98, "nanosleep": 101, "clock_gettime": 113, "clock_nanosleep": 115, "sched_yield": 124,
    "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
    "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226,
    "madvise": 233, "getrandom": 278,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def why_not() -> str | None:
    """Why scripts cannot be confined here, or None."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return "scripts run only on Linux on x86_64 or aarch64, where they can be confined"
    return None


def confine(seconds: float, memory: int) -> None:
    """Give up everything, for good: `seconds` of processor time and `memory` bytes are left. Raises OSError."""
    reason = why_not()
    if reason is not None:
        raise OSError(reason)
    whole = max(1, round(seconds))
    for limit, value in (
        (resource.RLIMIT_CPU, whole),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))
    _filter(*_MACHINES[platform.machine()])


def _filter(architecture: int, calls: dict[str, int]) -> None:
    """The filter's whole text: another architecture's numbers kill, listed calls pass, the rest is not permitted."""
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    for number in sorted(calls.values()):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _NOT_PERMITTED))
    text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    if libc.prctl(_PR_SET_SECCOMP, mode, ctypes.byref(program), zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "the system call filter was refused")
