# SPDX-License-Identifier: MIT
# What definitions for Nagios find on a real machine. Sourced, not run.
# shellcheck shell=bash

# nagios_surroundings HOST: the objects of Debian's own configuration, as far as a service needs them.
nagios_surroundings() {
    cat <<TEXT
define timeperiod {
    timeperiod_name         24x7
    alias                   always
    sunday                  00:00-24:00
    monday                  00:00-24:00
    tuesday                 00:00-24:00
    wednesday               00:00-24:00
    thursday                00:00-24:00
    friday                  00:00-24:00
    saturday                00:00-24:00
}
define command {
    command_name            notify
    command_line            /bin/true
}
define contact {
    contact_name                    admin
    host_notification_commands      notify
    service_notification_commands   notify
    host_notification_period        24x7
    service_notification_period     24x7
    host_notification_options       d
    service_notification_options    c
}
define service {
    name                    generic-service
    register                0
    check_period            24x7
    notification_period     24x7
    contacts                admin
    check_interval          10
    retry_interval          2
    max_check_attempts      3
    notification_interval   60
}
define host {
    host_name               $1
    address                 localhost
    max_check_attempts      1
    check_period            24x7
    notification_period     24x7
    contacts                admin
}
TEXT
}
