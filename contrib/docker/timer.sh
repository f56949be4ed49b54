#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: timer.sh SECONDS [OPTION...]. A check every SECONDS; its lines are the log of the container.
trap 'exit 0' TERM INT
seconds=$1
shift
while :; do
    db-up "$@"
    sleep "$seconds" &
    wait $! # unlike sleep itself, this is ended by a signal at once
done
