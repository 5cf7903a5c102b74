#!/usr/bin/env escript
%% Burns CPU time and asks the kernel in primes, each in a function of its own; says what it did.
-mode(compile).
-include_lib("kernel/include/file.hrl").

-define(STATS, 211).
-define(READS, 53).
-define(MILLISECONDS, 1000).

main(_) ->
    {ok, Folder} = file:get_cwd(),
    Path = filename:join(Folder, "known.txt"),
    ok = file:write_file(Path, <<"some words\n">>),
    io:format("ready ~s~n", [os:getpid()]),
    work(Path, io:get_line("")).

work(Path, "go\n") ->
    hot(erlang:monotonic_time(millisecond) + ?MILLISECONDS, 0),
    stats(Path, ?STATS),
    reads(Path, ?READS),
    io:format("{\"file\": \"~s\", \"stats\": ~b, \"opens\": ~b}~n", [Path, ?STATS, ?READS]),
    work(Path, io:get_line(""));
work(_, _) ->
    ok.

hot(Ends, Total) ->
    case erlang:monotonic_time(millisecond) < Ends of
        true -> hot(Ends, squares(2000, Total));
        false -> Total
    end.

squares(0, Total) -> Total;
squares(N, Total) -> squares(N - 1, (Total + N * N) rem 1000003).

stats(_, 0) -> ok;
stats(Path, N) ->
    {ok, #file_info{}} = file:read_file_info(Path),
    stats(Path, N - 1).

reads(_, 0) -> ok;
reads(Path, N) ->
    {ok, _} = file:read_file(Path),
    reads(Path, N - 1).
