"""Results of other load-testing tools as samples: one module for each format, one that tells them apart."""
