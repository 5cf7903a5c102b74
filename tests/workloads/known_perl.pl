# Burns CPU time and asks the kernel in primes, each in a function of its own; says what it did.
use strict;
use warnings;
use Cwd qw(getcwd);
use Time::HiRes qw(time);

use constant { STATS => 211, READS => 53, SECONDS => 1.0 };

sub hot {
    my ($ends, $total) = (time() + SECONDS, 0);
    while (time() < $ends) {
        for my $i (0 .. 2000) {
            $total += $i * $i % 7;    # hot line
        }
    }
    return $total;
}

sub stats {
    my ($path) = @_;
    stat $path for 1 .. STATS;
}

sub reads {
    my ($path) = @_;
    for (1 .. READS) {
        open my $file, '<', $path or die;
        my $line = <$file>;
        close $file;
    }
}

$| = 1;
my $path = getcwd() . '/known.txt';
open my $out, '>', $path or die;
print $out "some words\n";
close $out;
print "ready $$\n";
while (my $word = <STDIN>) {
    last if $word ne "go\n";
    hot();
    stats($path);
    reads($path);
    printf qq({"file": "%s", "stats": %d, "opens": %d}\n), $path, STATS, READS;
}
