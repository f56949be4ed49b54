#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# measure.pl LIMIT STDOUT COMMAND...: runs it in a session of its own and prints, separated by tabs:
# exit code (or "killed"), seconds, whether what it printed is clean, processes that it left, whether
# $PEERS_SECRET stood in a command line.
use strict;
use warnings;
use POSIX qw(setsid WNOHANG);
use Time::HiRes qw(time sleep);

my ($limit, $stdout, @command) = @ARGV;
my $secret = delete $ENV{PEERS_SECRET};
my ($out, $err) = map { "$ENV{PEERS_SCRATCH}/$_" } qw(out err);
my $begin = time;
my $child = fork;
if ($child == 0) {
    setsid();
    open STDIN, '<', '/dev/null';
    if ($stdout eq 'closed') { close STDOUT }
    else { open STDOUT, '>', $stdout eq 'full' ? '/dev/full' : $out }
    open STDERR, '>', $err;
    exec { $command[0] } @command or exit 127;
}

sub session {    # the living processes of the child's session
    my @found;
    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my $line = <$file> // next;
        my ($pid, $rest) = $line =~ /^(\d+) \(.*\) (.*)$/s or next;
        my ($state, undef, undef, $session) = split ' ', $rest;
        push @found, $pid if $session == $child && $state ne 'Z';
    }
    return @found;
}

sub tells_secret {
    for my $pid (session()) {
        open my $file, '<', "/proc/$pid/cmdline" or next;
        my $line = join('', <$file>);
        return 1 if index($line, $secret) >= 0;
    }
    return 0;
}

my ($ended, $told, $next_look) = (0, 0, $begin);
until ($ended || time > $begin + $limit) {
    $ended = waitpid($child, WNOHANG) == $child;
    last if $ended;
    if (time >= $next_look) { $told ||= tells_secret(); $next_look = time + 0.1 }
    sleep(0.002);
}
my $seconds = time - $begin;
my $code = $ended ? ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8) : 'killed';
sleep(0.2) if $ended;    # what it started may still be ending
my @left = $ended ? grep { $_ != $child } session() : ();    # of one that was killed, its host's business
if (!$ended) { kill 'KILL', $child; waitpid $child, 0 }
kill 'KILL', $_ for session();

sub content { open my $file, '<', $_[0] or return ''; local $/; return <$file> // '' }
my $clean = '-';
if ($stdout eq 'read') {
    my ($text, $noise) = (content($out), content($err));
    my @states = qw(OK WARNING CRITICAL UNKNOWN);
    my ($first) = split /\n/, $text;
    my $state = $code =~ /^[0-3]$/ ? $states[$code] : 'none';
    my $bars  = () = $text =~ /\|/g;
    $clean = ($noise eq '' && ($first // '') =~ /\b$state\b/ && $bars <= 1 && $text !~ /[\x00-\x09\x0b-\x1f\x7f]/)
        ? 'yes' : 'no';
}
printf "%s\t%.1f\t%s\t%d\t%s\n", $code, $seconds, $clean, scalar @left, $told ? 'yes' : 'no';
