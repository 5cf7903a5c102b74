# Burns CPU time and asks the kernel in primes, each in a function of its own; says what it did.
require "json"

STATS = 211
READS = 53
SECONDS = 1.0
PATH = File.join(Dir.pwd, "known.txt")

def hot
  ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + SECONDS
  total = 0
  while Process.clock_gettime(Process::CLOCK_MONOTONIC) < ends
    2000.times { |i| total += i * i % 7 } # hot line
  end
  total
end

def stats
  STATS.times { File.stat(PATH) }
end

def reads
  READS.times { File.open(PATH, "r", &:read) }
end

$stdout.sync = true
File.write(PATH, "some words\n")
puts "ready #{Process.pid}"
while (word = $stdin.gets)
  break if word.strip != "go"

  hot
  stats
  reads
  puts JSON.generate(file: PATH, stats: STATS, opens: READS)
end
