#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# usage: ratios.pl BASE <RUNS: what "runner pairs" has measured → a Markdown table of each program's ratio to
# BASE in the same round, as median (lower quartile–upper quartile), and the medians themselves.
use strict;
use warnings;

my $base = shift // die "usage: ratios.pl BASE <RUNS\n";
my (@names, %runs, %failed);
while (<STDIN>) {
    chomp;
    my ($name, @values) = split /\t/;
    push @names, $name unless $runs{$name};
    $failed{$name}++ if pop @values;
    push @{$runs{$name}}, \@values;
}

sub quantile {
    my ($part, @values) = @_;
    @values = sort { $a <=> $b } @values;
    my $place = $part * $#values;
    my $low   = int $place;
    return $values[$low] if $low == $#values;
    return $values[$low] + ($place - $low) * ($values[$low + 1] - $values[$low]);
}

sub ratio {
    my ($name, $column) = @_;
    my @ratios = map { $runs{$name}[$_][$column] / ($runs{$base}[$_][$column] || 1) } 0 .. $#{$runs{$base}};
    return sprintf '%.3f (%.3f–%.3f)', map { quantile($_, @ratios) } 0.5, 0.25, 0.75;
}

sub median { my ($name, $column) = @_; return quantile(0.5, map { $_->[$column] } @{$runs{$name}}) }

print "| | wall | CPU | peak memory | wall ms | CPU ms | peak MiB | failed runs |\n|--|--|--|--|--|--|--|--|\n";
for my $name (@names) {
    printf "| %s | %s | %s | %s | %.2f | %.2f | %.1f | %d of %d |\n", $name, (map { ratio($name, $_) } 0 .. 2),
        median($name, 0) / 1000, median($name, 1) / 1000, median($name, 2) / 1024, $failed{$name} // 0,
        scalar @{$runs{$name}};
}
