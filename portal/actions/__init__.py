"""What the portal does by itself for every partner, one verb a file: it joins what lies below."""
