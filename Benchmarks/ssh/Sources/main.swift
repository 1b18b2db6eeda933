import Glibc

// `run` beside this folder drives it: one case per process, one line of JSON per case.
signal(SIGPIPE, SIG_IGN)
exit(await Benchmark(words: Array(CommandLine.arguments.dropFirst())).run())
