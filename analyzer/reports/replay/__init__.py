"""The report of `relcheck replay`: single patterns run again, image by image."""
