import ArgumentParser
import Keeper

/// `mayfly` itself: names the commands, does nothing.
struct MayflyRoot: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "mayfly",
            abstract: "Runs a job on a cloud instance that lives exactly as long as the job.",
            discussion: """
                A job spec in, its results out, and the instance provably gone. Start with `mayfly init` and \
                `mayfly run job.yaml --cloud local`.

                EXIT CODES of run and attach
                  0        the command succeeded and everything arrived
                  1-239    the command's own exit code, 128+n for signal n
                  240      the startup script, upload or setup failed
                  241      the cloud failed or refused
                  242      no capacity for this type
                  243      the connection was lost for good
                  244      timed out; the message says which clock
                  245      cancelled
                  246      the command succeeded, but some output or the snapshot did not arrive
                  247      detached: the job goes on
                  249      something may have leaked: see `mayfly audit`
                  64       bad spec or usage; nothing was created
                  70       internal error
                Several jobs: 249 if any, else the first that is not 0, in submission order.
                Commands that ask the cloud themselves: 241, 242, 244 (--timeout ran out), 64; doctor: 1 for a problem.

                ENVIRONMENT
                  MAYFLY_HOME            the state folder
                  MAYFLY_CLOUD           local or genesis
                  GENESISCLOUD_TOKEN     the API token (or `mayfly login`)
                  GENESISCLOUD_ENDPOINT  the API's address, with or without /compute/v1
                  MAYFLY_TRACE_API       1 = every request to the API on stderr (--trace-api)
                  NO_COLOR               no colours
                """,
            version: Build.version,
            subcommands: [
                RunCommand.self, SubmitCommand.self, ListCommand.self, ShowCommand.self, LogsCommand.self,
                AttachCommand.self, CancelCommand.self, ExtendCommand.self, ReleaseCommand.self, CheckCommand.self,
                SchemaCommand.self, InitCommand.self,
                LoginCommand.self, LogoutCommand.self, AuditCommand.self, CollectGarbageCommand.self,
                KeeperCommand.self, CloudCommand.self,
                ServeCommand.self, DoctorCommand.self,
            ],
            groupedSubcommands: [
                CommandGroup(
                    name: "Instance of a Job",
                    subcommands: [
                        SSHCommand.self, SSHConfigCommand.self, ForwardCommand.self, CopyCommand.self, PullCommand.self,
                    ]),
                CommandGroup(
                    name: "Resource",
                    subcommands: [
                        InstanceCommand.self, TypesCommand.self, SSHKeyCommand.self, ImageCommand.self,
                        SnapshotCommand.self, VolumeCommand.self, FilesystemCommand.self, SecurityGroupCommand.self,
                        FloatingIPCommand.self, AvailabilityCommand.self, QuotaCommand.self, ReservationCommand.self,
                    ]),
            ])
    }
}
