"""The top storey: settings, urls, workers, pages. Imported by nobody."""
