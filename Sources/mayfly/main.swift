import Glibc
import MayflyCommands

// A reader that goes away is learned from the write that fails, not from a signal that ends the process.
signal(SIGPIPE, SIG_IGN)
let code = await MayflyCLI.run(Array(CommandLine.arguments.dropFirst()))
exit(code)
