"""`make drill`: a backup is restored onto an empty machine by the commands of the manual."""
