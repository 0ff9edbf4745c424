"""Run directories, studies that resume, traces and atomic files."""
