"""The applications that Foreseen is measured against, served by the same uvicorn."""
