"""Log files to priced calls; every record is accounted for."""
