"""kill -9 at every commit of the way: nothing accepted is lost, nothing runs twice."""
