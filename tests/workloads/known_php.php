<?php
// Burns CPU time and asks the kernel in primes, each in a function of its own; says what it did.
const STATS = 211;
const READS = 53;
const SECONDS = 1.0;

function hot(): int
{
    $ends = microtime(true) + SECONDS;
    $total = 0;
    while (microtime(true) < $ends) {
        for ($i = 0; $i < 2000; $i++) {
            $total += $i * $i % 7; // hot line
        }
    }
    return $total;
}

function stats(string $path): void
{
    for ($i = 0; $i < STATS; $i++) {
        clearstatcache(); // (PHP remembers the last answer)
        stat($path);
    }
}

function reads(string $path): void
{
    for ($i = 0; $i < READS; $i++) {
        $file = fopen($path, 'r');
        fread($file, 64);
        fclose($file);
    }
}

$path = getcwd() . '/known.txt';
file_put_contents($path, "some words\n");
file_get_contents($path); // (the first time PHP looks where the path leads, and remembers it)
echo 'ready ' . getmypid() . "\n";
while (($word = fgets(STDIN)) !== false && trim($word) === 'go') {
    hot();
    stats($path);
    reads($path);
    echo json_encode(['file' => $path, 'stats' => STATS, 'opens' => READS]) . "\n";
}
