"""What operators look at: read models over purchases, and how they are drawn. Changes nothing."""
