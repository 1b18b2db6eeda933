/// The keys of a spec, level by level. The schema is held against these by a test.
enum SpecFields {
    static let top = [
        "name", "labels", "type", "image", "region", "disk_size", "startup_script", "workdir", "setup", "command",
        "env", "secrets", "outputs", "log_limit", "snapshot", "on_failure", "on_collect_failure", "retry", "timeouts",
        "ssh",
        "instance",
    ]
    static let startupScript = ["file"]
    static let secret = ["env", "file", "command"]
    static let snapshot = ["when", "name"]
    static let timeouts = ["queue", "provision", "setup", "run", "collect", "snapshot", "total"]
    static let hold = ["hold"]
    static let retry = ["attempts", "when", "exit_codes", "backoff"]
    static let ssh = ["user", "port", "host_key", "pty", "jump"]
    static let jump = ["host", "user", "port", "key", "known_hosts"]
    static let instance = ["security_groups", "volumes", "floating_ip", "placement_option"]

    /// What people write who come from other tools, and what it is called here. Tried before edit distance.
    static let otherNames = [
        "args": "command", "artifacts": "outputs", "boot_script": "startup_script", "cmd": "command",
        "code": "workdir", "cwd": "workdir", "directory": "workdir", "disk": "disk_size",
        "environment": "env", "flavor": "type", "gpu": "type", "init": "setup", "instance_type": "type",
        "job": "name", "machine": "type", "os": "image", "output": "outputs", "resources": "type",
        "results": "outputs", "run": "command", "script": "command", "shell": "command", "tags": "labels",
        "timeout": "timeouts", "user_data": "startup_script", "variables": "env", "working_dir": "workdir",
        "zone": "region", "boot": "provision", "execution": "run", "max_duration": "run", "username": "user",
        "hostkey": "host_key", "tty": "pty", "retries": "retry", "restart": "retry", "max_attempts": "attempts",
        "limit": "attempts", "log_size": "log_limit", "max_log": "log_limit", "max_log_size": "log_limit",
        "on": "when", "codes": "exit_codes", "exit_code": "exit_codes", "delay": "backoff", "wait": "backoff",
    ]
}
