/// The commented starters of `mayfly init`.
public enum SpecTemplate: String, CaseIterable, Sendable {
    /// The smallest job that shows something.
    case hello
    /// Training on a GPU, with code, packages and results.
    case pytorch
    /// One job of many that differ in a parameter.
    case sweep

    /// The spec's text. It parses as it stands, in a folder of its own.
    public var text: String {
        switch self {
        case .hello: Self.helloText
        case .pytorch: Self.pytorchText
        case .sweep: Self.sweepText
        }
    }

    private static let helloText = #"""
        # A job: one instance that lives as long as this command. Run it with
        #   mayfly run hello.yaml                 (--cloud local: on this machine, nothing is paid)
        # `mayfly check hello.yaml` reports mistakes, `mayfly schema` prints every field.
        name: hello
        type: vcpu-2_memory-4g_disk-80g     # the instance type, as in the API
        # image: ubuntu-22.04               # an image's id, slug or slug:version, or a snapshot's id
        # region: NORD-NO-KRS-1

        command: |
          echo "hello from $(hostname)"
          date > "$MAYFLY_OUTPUTS/finished"   # what is in this folder always comes back

        timeouts:
          run: 10m                          # also provision, setup, collect, snapshot, queue, total
        """# + "\n"

    private static let pytorchText = #"""
        # Trains on one GPU and brings the model back.
        #   mayfly run train.yaml
        #   mayfly run train.yaml --set env.EPOCHS=3 -- --batch-size 64     (arguments after -- go to the command)
        name: train
        type: vcpu-4_memory-24g_disk-80g_nvidia3090-1
        image: ubuntu-ml-nvidia-pytorch     # brings the driver; with a plain Ubuntu, install it in startup_script
        region: NORD-NO-KRS-1
        disk_size: 120                      # GiB, at least 80

        workdir: .                          # uploaded to ~/work; .gitignore and .mayflyignore are honoured
        setup: |                            # runs in ~/work before the command; if it fails, so does the job
          set -eu
          if [ -f requirements.txt ]; then
            python3 -m pip install --user --quiet -r requirements.txt
          fi
        command: python3 train.py --output "$MAYFLY_OUTPUTS"

        env:
          EPOCHS: 10
        # secrets: [HF_TOKEN]               # taken from your environment, never written to disk
        outputs:                            # besides $MAYFLY_OUTPUTS; globs, relative to ~/work
          - checkpoints/*.pt

        snapshot: never                     # on_failure keeps the disk of a job that failed
        timeouts:
          setup: 20m
          run: 6h
        """# + "\n"

    private static let sweepText = #"""
        # One of many: the same job with other parameters, several at a time.
        #   for lr in 0.1 0.01 0.001; do
        #     mayfly submit sweep.yaml --set env.LEARNING_RATE=$lr --set name=sweep-$lr --set labels.lr=$lr
        #   done
        #   mayfly attach all
        name: sweep
        labels:
          lr: 0.01
        type: vcpu-4_memory-8g_disk-80g

        # workdir: .                        # your code; freezing it once per submit makes later edits harmless
        env:
          LEARNING_RATE: 0.01               # stays the text "0.01", whatever YAML thinks of numbers
        command: |
          set -eu
          # Replace by your program.
          awk -v lr="$LEARNING_RATE" 'BEGIN { printf "{\"lr\": %s, \"loss\": %f}\n", lr, (lr - 0.01) ^ 2 }' \
            > "$MAYFLY_OUTPUTS/result.json"
          cat "$MAYFLY_OUTPUTS/result.json"

        timeouts:
          queue: 12h                        # gives up when no slot is free by then; default: never
          run: 2h
        """# + "\n"
}
