"""What tests are built of: fakes, contracts, models and servers."""
