"""Files of instances: what is read, chosen, scored and written."""
