#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server that misbehaves as its only argument says. Prints its port, then serves until it is killed.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep);

my $mode = shift // die "usage: server.pl MODE\n";
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'IGNORE';
$| = 1;

sub message { my ($type, $body) = @_; return $type . pack('N', length($body) + 4) . $body }

sub error_text {
    my ($code, $text) = @_;
    return message('E', "SFATAL\0VFATAL\0C$code\0M$text\0\0");
}

my $logged_in = message('R', pack('N', 0))
    . message('S', "server_version\00015.18\0")
    . message('S', "client_encoding\0UTF8\0")
    . message('S', "standard_conforming_strings\0on\0")
    . message('Z', 'I');
my $notice = message('N', "SNOTICE\0VNOTICE\0C00000\0Mhey\0\0");

# The first packet; a request for encryption is answered with $answer, or with no.
sub startup {
    my ($peer, $answer) = @_;
    while (1) {
        read($peer, my $head, 8) == 8 or exit;
        my ($length, $code) = unpack('NN', $head);
        read($peer, my $rest, $length - 8) if $length > 8;
        return if $code == 196608;
        exit if $code == 80877102;    # a request to cancel
        syswrite($peer, $answer // 'N');
        return if defined $answer;
    }
}

sub hold { my ($peer) = @_; 1 while sysread($peer, my $byte, 4096); exit }

my %serve = (
    'silent'       => sub { },
    'silent TLS'   => sub { startup($_[0], 'S') },
    'silent login' => sub { startup($_[0]); syswrite($_[0], $logged_in) },
    'drip'         => sub {
        my ($peer) = @_;
        startup($peer);
        syswrite($peer, "E\0\0\x10\0");
        while (syswrite($peer, 'S')) { sleep(0.2) }
    },
    'http'     => sub { syswrite($_[0], "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"); shutdown($_[0], 1) },
    'notices'  => sub {
        my ($peer) = @_;
        startup($peer);
        syswrite($peer, message('R', pack('N', 0)));
        while (syswrite($peer, $notice x 100)) { }
    },
    'garbage'  => sub {
        startup($_[0]);
        syswrite($_[0], error_text('XX000', "broken | up=1\nOK - all is well | time=0s\n\e[31mred"));
        exit;
    },
    'starting' => sub {
        startup($_[0]);
        syswrite($_[0], error_text('57P03', 'the database system is starting up'));
        exit;
    },
);

if ($mode eq 'no name') {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.99', LocalPort => 53, Proto => 'udp')
        or die "no name server here: $!\n";
    print "53\n";
    sleep(3600) while 1;
}
my $queue  = $mode eq 'black hole' ? 0 : 16;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => $queue || 1, ReuseAddr => 1)
    or die "cannot listen: $!\n";
if ($mode eq 'black hole') {    # a full queue: further requests are dropped
    listen($listen, 0);
    our @taken = map {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $listen->sockport, Blocking => 0)
    } 1 .. 4;
    sleep(0.2);
    print $listen->sockport, "\n";
    sleep(3600) while 1;
}
my $act = $serve{$mode} or die "no mode '$mode'\n";
print $listen->sockport, "\n";
while (my $peer = $listen->accept) {
    if (fork == 0) {
        close $listen;
        binmode $peer;
        $act->($peer);
        hold($peer);
    }
    close $peer;
}
