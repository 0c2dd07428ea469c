"""`python -m support.serve_with_patient_waits …` is `foreseen …` that waits as long as it takes for another process.

A service computes a cheap instance itself after five seconds, which a busy machine may take to receive requests.
"""

from foreseen.domain.flights import flights_across_processes
from foreseen.entrypoints.cli.command_line import main

vars(flights_across_processes).update(PATIENCE_S=3600.0, UNKNOWN_PATIENCE_S=3600.0)

if __name__ == "__main__":
    main()
