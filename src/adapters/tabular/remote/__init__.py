"""Files of remote stores."""
