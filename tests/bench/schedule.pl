#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# usage: schedule.pl [DATABASES INTERVAL-S CPU-MS CORES] >PICTURE.svg
# Simulates one interval of a monitoring host: every database is checked once in it, a check takes CPU-MS of a core.
# Without splay all are due at its beginning, as with cron; with splay each at its own moment, which is taken from
# its name (as hosts do it), so they are spread but not evenly. The picture shows how many checks wait; the
# numbers for the table go to stderr.
use strict;
use warnings;

my ($databases, $interval, $cpu, $cores) = (@ARGV, (10_000, 60, 12, 4)[@ARGV .. 3]);

sub moment {    # FNV-1a of the name, as a part of the interval
    my ($name) = @_;
    my $hash = 2_166_136_261;
    for my $byte (unpack 'C*', $name) { $hash = (($hash ^ $byte) * 16_777_619) & 0xffff_ffff }
    $hash ^= $hash >> 15;
    return $hash / 2**32 * $interval;
}

# Due moments → for every tenth of a second how many wait, how many are due; the longest wait; the last end.
sub simulate {
    my @due = sort { $a <=> $b } @_;
    my @free = (0) x $cores;
    my (@waiting, %due_in, $longest, $end);
    ($longest, $end) = (0, 0);
    for my $due (@due) {
        @free = sort { $a <=> $b } @free;
        my $start = $free[0] > $due ? $free[0] : $due;
        $longest = $start - $due if $start - $due > $longest;
        $free[0] = $start + $cpu / 1000;
        $end = $free[0] if $free[0] > $end;
        $due_in{int $due}++;
        $waiting[$_]++ for int($due * 10) .. int($start * 10) - 1;
    }
    my ($worst) = sort { $b <=> $a } values %due_in;
    return {waiting => \@waiting, longest => $longest, end => $end, worst => $worst};
}

my %run = (
    without => simulate((0) x $databases),
    with    => simulate(map { moment("db$_.example.org") } 1 .. $databases),
);
for my $name (qw(without with)) {
    printf STDERR "%-7s splay: worst second asks for %d checks (%.1f cores), longest wait %.1f s, last end %.1f s\n", $name,
        $run{$name}{worst}, $run{$name}{worst} * $cpu / 1000, $run{$name}{longest}, $run{$name}{end};
}

my ($width, $height, $left, $top) = (640, 300, 70, 30);
sub across { return $left + $_[0] / $interval * $width }
sub down { return $top + $height - $_[0] / $databases * $height }
sub curve {
    my ($waiting, $colour) = @_;
    my $points = join ' ', map { sprintf '%.1f,%.1f', across($_ / 10), down($waiting->[$_] // 0) } 0 .. $interval * 10;
    return qq(<polyline points="$points" fill="none" stroke="$colour" stroke-width="2"/>\n);
}
print qq(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 390" font-family="sans-serif" font-size="13">\n);
print qq(<rect width="740" height="390" fill="white"/>\n<text x="$left" y="18">Checks that wait: $databases databases, )
    . qq(interval $interval s, $cpu ms of CPU each, $cores cores</text>\n);
for my $part (0 .. 4) {
    my ($count, $second) = ($databases * $part / 4, $interval * $part / 4);
    printf qq(<path d="M%d %.1fh%d" stroke="#ddd"/>\n), $left, down($count), $width;
    printf qq(<text x="%d" y="%.1f" text-anchor="end">%d</text>\n), $left - 6, down($count) + 4, $count;
    printf qq(<text x="%.1f" y="%d" text-anchor="middle">%g s</text>\n), across($second), $top + $height + 18, $second;
}
print curve($run{without}{waiting}, '#c0392b'), curve($run{with}{waiting}, '#2471a3');
print qq(<text x="90" y="372" fill="#c0392b">all at once (as with cron)</text>\n);
print qq(<text x="330" y="372" fill="#2471a3">spread over the interval (splay)</text>\n</svg>\n);
