"""Prints the table of faults."""

import sys

from reaper_tui.sandbox.faults.catalogue import CATALOGUE

for fault in CATALOGUE.values():
    sys.stdout.write(f"{fault.name:22} {'+'.join(fault.sides):15} {fault.summary}\n")
