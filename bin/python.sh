# Sourced by the commands beside it: sets PYTHON to the first interpreter that is new enough, or ends with a message.
for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHON=$candidate
        return 0
    fi
done
echo "Dueproof needs Python 3.11 or newer, and none was found. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
echo "If it is not on the PATH, name it: PYTHON=/path/to/python3 $0" >&2
exit 1
