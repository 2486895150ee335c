# CHANGELOG.md as Debian's changelog: an entry for each heading `## VERSION - DAY`, a paragraph for each list item; other text is left out. Takes the date
# of the newest entry and the maintainer; older entries have the noon of their day.
function item(    count, words, i, line) {
    count = split(text, words, " ")
    line = "  *"
    for (i = 1; i <= count; i++) {
        if (length(line) + length(words[i]) > 78) {
            print line
            line = "   "
        }
        line = line " " words[i]
    }
    if (count)
        print line
    text = ""
}

function entry() {
    item()
    if (version != "")
        printf "\n -- %s  %s\n", maintainer, when
}

/^## / {
    entry()
    if (version != "")
        print ""
    if (version == "")
        when = date
    else {
        command = "date -u -R -d '" $4 " 12:00'"
        command | getline when
        close(command)
    }
    version = $2
    printf "debezium-udf (%s) unstable; urgency=medium\n\n", version
    next
}
!NF { item(); next }
version != "" && /^- / { item(); text = substr($0, 3); next }
version != "" && text != "" { text = text " " $0 }
END { entry() }
