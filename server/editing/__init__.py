"""Changes of text: what a file's encoding and line ends are, exact replacements, unified diffs. No I/O."""
