#!/bin/sh
# Makes internal/confusable/confusables.txt of the official table of UTS 39:
# CONFUSABLES names that file, as it is published with the Unicode Standard and
# in the sources of ICU (source/data/unidata/confusables.txt). Without it the
# table that is there stays.
set -e
[ -n "$CONFUSABLES" ] || { echo "confusables: CONFUSABLES is not set, the table stays" >&2; exit 0; }
{
	sed -n 's/^\xef\xbb\xbf//; /^#/!q; /^# confusables/d; /^#$/d; p' "$CONFUSABLES"
	sed -n 's/^\([0-9A-F][0-9A-F]*\)[ \t]*;[ \t]*\([0-9A-F ]*[0-9A-F]\)[ \t]*;.*/\1 \2/p' "$CONFUSABLES"
} > confusables.txt
