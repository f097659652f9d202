# SPDX-License-Identifier: MIT
"""Stops a process in the middle of whatever it does."""
import os
import signal
import time


def stop_process(pid):
    """Until SIGCONT. Each of its threads has to notice."""
    tasks = f"/proc/{pid}/task"
    os.kill(pid, signal.SIGSTOP)
    while not all(_is_stopped(f"{tasks}/{task}/stat")
                  for task in os.listdir(tasks)):
        time.sleep(0.001)


def _is_stopped(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rpartition(") ")[2].startswith("T")
    except OSError:
        return True  # it has ended
