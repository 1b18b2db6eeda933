/// The JSON Schema of specs, for editors and `mayfly schema`.
public enum SpecSchema {
    /// JSON Schema draft 7, the one that YAML editors support best. Committed as `docs/job-spec.schema.json`.
    ///
    /// An editor sees YAML's own types, so the schema is somewhat stricter than ``SpecParser`` (which takes `"80"` for
    /// a number) and cannot see files, duplicates or slips of the keyboard.
    public static var json: String { text }

    // swift-format-ignore
    private static let text = #"""
        {
          "$schema": "http://json-schema.org/draft-07/schema#",
          "title": "Mayfly job spec",
          "description": "One job: an instance that is created, does the work, hands over the results, and is destroyed. Reference: docs/job-spec.md",
          "type": "object",
          "additionalProperties": false,
          "required": [
            "type",
            "command"
          ],
          "properties": {
            "name": {
              "description": "For people; also names the results folder. Default: the file's name.",
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
            },
            "labels": {
              "description": "For people: free text by name.",
              "type": [
                "object",
                "null"
              ],
              "additionalProperties": {
                "$ref": "#/definitions/scalar"
              }
            },
            "type": {
              "description": "The instance type, as in the API.",
              "type": "string",
              "minLength": 1,
              "maxLength": 255,
              "examples": [
                "vcpu-2_memory-4g_disk-80g",
                "vcpu-4_memory-12g_disk-80g_nvidia3080-1",
                "vcpu-4_memory-24g_disk-80g_nvidia3090-1",
                "vcpu-192_memory-1920g_nvidia-h100-sxm5-8"
              ]
            },
            "image": {
              "description": "An image's id, slug or slug:version, or a snapshot's id. Default: ubuntu-22.04.",
              "type": "string",
              "minLength": 1,
              "maxLength": 255,
              "pattern": "^[!-~]+$",
              "examples": [
                "ubuntu-22.04",
                "ubuntu:22.04",
                "ubuntu-ml-nvidia-pytorch"
              ]
            },
            "region": {
              "description": "Where the instance is created. Default: NORD-NO-KRS-1.",
              "type": "string",
              "minLength": 1,
              "maxLength": 255,
              "pattern": "^[!-~]+$",
              "examples": [
                "ARC-IS-HAF-1",
                "NORD-NO-KRS-1",
                "EUC-DE-MUC-1",
                "EUW-GB-MNC-1",
                "EUW-NL-AMS-1",
                "NA-CA-FTS-1",
                "NA-CA-MNZ-1",
                "NA-CA-PRG-1"
              ]
            },
            "disk_size": {
              "description": "Boot volume in GiB. Default: the cloud's (80).",
              "type": "integer",
              "minimum": 80,
              "maximum": 1000000
            },
            "startup_script": {
              "description": "Runs as root on first boot, before the upload: a script, or a cloud-config (first line #cloud-config). At most 64 KiB.",
              "oneOf": [
                {
                  "type": "string",
                  "minLength": 1
                },
                {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "file": {
                      "description": "Relative to the spec.",
                      "type": "string",
                      "minLength": 1
                    }
                  },
                  "required": [
                    "file"
                  ]
                }
              ]
            },
            "workdir": {
              "description": "Folder to upload to ~/work, relative to the spec; .gitignore and .mayflyignore are honoured. Frozen at submit.",
              "type": "string",
              "minLength": 1
            },
            "setup": {
              "description": "Script run in ~/work after the upload, with env and secrets. A failure is a setup failure.",
              "type": "string",
              "minLength": 1
            },
            "command": {
              "description": "The work: a text run by bash, or a list that is the exact argv.",
              "oneOf": [
                {
                  "type": "string",
                  "minLength": 1
                },
                {
                  "type": "array",
                  "minItems": 1,
                  "items": {
                    "$ref": "#/definitions/scalar"
                  }
                }
              ]
            },
            "env": {
              "description": "Environment of setup and command. Values are taken literally: no stays no, 010 stays 010.",
              "type": [
                "object",
                "null"
              ],
              "propertyNames": {
                "pattern": "^(?!MAYFLY_)[A-Za-z_][A-Za-z0-9_]*$"
              },
              "additionalProperties": {
                "$ref": "#/definitions/scalar"
              }
            },
            "secrets": {
              "description": "Variables whose values are found at submit and never stored: names from your environment, or names with a source.",
              "oneOf": [
                {
                  "type": "array",
                  "uniqueItems": true,
                  "items": {
                    "type": "string",
                    "pattern": "^(?!MAYFLY_)[A-Za-z_][A-Za-z0-9_]*$"
                  }
                },
                {
                  "type": "null"
                },
                {
                  "type": "object",
                  "propertyNames": {
                    "pattern": "^(?!MAYFLY_)[A-Za-z_][A-Za-z0-9_]*$"
                  },
                  "additionalProperties": {
                    "oneOf": [
                      {
                        "type": "null"
                      },
                      {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                          "env": {
                            "description": "A variable of your environment.",
                            "type": "string",
                            "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"
                          },
                          "file": {
                            "description": "A file, relative to the spec; one trailing newline is removed.",
                            "type": "string",
                            "minLength": 1
                          },
                          "command": {
                            "description": "A command for /bin/sh; one trailing newline is removed.",
                            "type": "string",
                            "minLength": 1
                          }
                        },
                        "minProperties": 1,
                        "maxProperties": 1
                      }
                    ]
                  }
                }
              ]
            },
            "outputs": {
              "description": "Paths and globs relative to ~/work to bring back. $MAYFLY_OUTPUTS always comes back.",
              "type": [
                "array",
                "null"
              ],
              "items": {
                "type": "string",
                "minLength": 1
              }
            },
            "log_limit": {
              "description": "How much of each log (stdout, stderr, setup) is kept, such as 2GiB; the rest is counted and dropped, which fails nothing. Default: none, all is kept.",
              "oneOf": [
                {
                  "type": "string",
                  "pattern": "^[1-9][0-9]*(KiB|MiB|GiB|TiB)$",
                  "examples": [
                    "512MiB",
                    "2GiB"
                  ]
                },
                {
                  "const": "none"
                }
              ]
            },
            "snapshot": {
              "description": "When to keep the boot disk as a snapshot. Default: never.",
              "oneOf": [
                {
                  "$ref": "#/definitions/snapshotWhen"
                },
                {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "when": {
                      "$ref": "#/definitions/snapshotWhen"
                    },
                    "name": {
                      "description": "Default: named after the job.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 200
                    }
                  },
                  "required": [
                    "when"
                  ]
                }
              ]
            },
            "on_failure": {
              "description": "Keeps the instance for a look when the command or the setup failed: hold 20m, or {hold: 20m}. Default: it is ended at once.",
              "allOf": [
                {
                  "$ref": "#/definitions/hold"
                }
              ]
            },
            "on_collect_failure": {
              "description": "What becomes of results on the instance that could not be fetched: its disk is kept as a snapshot, they go with it, or the instance is held while fetching is tried again. Default: snapshot.",
              "oneOf": [
                {
                  "enum": [
                    "snapshot",
                    "discard"
                  ]
                },
                {
                  "$ref": "#/definitions/hold"
                }
              ]
            },
            "retry": {
              "description": "What is tried again, as a new attempt on a new instance.",
              "type": [
                "object",
                "null"
              ],
              "additionalProperties": false,
              "properties": {
                "attempts": {
                  "description": "All attempts together; 1 tries nothing again. Default: 3.",
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 100
                },
                "when": {
                  "description": "What is tried again, also after the command was started. Default: capacity, cloud and connection, and only before the command was started.",
                  "type": [
                    "array",
                    "null"
                  ],
                  "items": {
                    "enum": [
                      "capacity",
                      "cloud",
                      "connection",
                      "setup",
                      "user",
                      "gpu",
                      "lost"
                    ]
                  }
                },
                "exit_codes": {
                  "description": "The command's exit codes that are tried again. user without them: every code but 0.",
                  "type": [
                    "array",
                    "null"
                  ],
                  "items": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 255
                  }
                },
                "backoff": {
                  "description": "The wait before the second attempt; it doubles with each further one, up to 10m. Default: 30s.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/durationOrNone"
                    }
                  ]
                }
              }
            },
            "timeouts": {
              "description": "The clocks of the job.",
              "type": [
                "object",
                "null"
              ],
              "additionalProperties": false,
              "properties": {
                "queue": {
                  "description": "Waiting for a slot. Default: none.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/durationOrNone"
                    }
                  ]
                },
                "provision": {
                  "description": "From the create request until logged in. Default: 30m.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/duration"
                    }
                  ]
                },
                "setup": {
                  "description": "Startup script, upload and setup together. Default: 30m.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/duration"
                    }
                  ]
                },
                "run": {
                  "description": "The command, per attempt; enforced on the instance. Default: 24h.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/duration"
                    }
                  ]
                },
                "collect": {
                  "description": "Bringing the outputs back. Default: 30m.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/duration"
                    }
                  ]
                },
                "snapshot": {
                  "description": "Taking the snapshot. Default: 20m.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/duration"
                    }
                  ]
                },
                "total": {
                  "description": "From leaving the queue until collected, all attempts together. Default: none.",
                  "allOf": [
                    {
                      "$ref": "#/definitions/durationOrNone"
                    }
                  ]
                }
              }
            },
            "ssh": {
              "description": "How Mayfly logs in.",
              "type": [
                "object",
                "null"
              ],
              "additionalProperties": false,
              "properties": {
                "user": {
                  "description": "Default: ubuntu.",
                  "type": "string",
                  "pattern": "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$"
                },
                "port": {
                  "description": "Default: what the cloud publishes, else 22.",
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 65535
                },
                "host_key": {
                  "description": "pinned: exactly the key that first boot installs. accept-new: whatever the first connection shows. Default: pinned.",
                  "enum": [
                    "pinned",
                    "accept-new"
                  ]
                },
                "pty": {
                  "description": "Run the command in a terminal; stdout and stderr are then one stream. Default: false.",
                  "type": "boolean"
                },
                "jump": {
                  "description": "The host by way of which the instance is reached: user@host[:port], or a mapping with the key and known_hosts files.",
                  "type": [
                    "string",
                    "object",
                    "null"
                  ],
                  "additionalProperties": false,
                  "required": [
                    "host",
                    "user"
                  ],
                  "properties": {
                    "host": {
                      "type": "string"
                    },
                    "user": {
                      "type": "string",
                      "pattern": "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$"
                    },
                    "port": {
                      "description": "Default: 22.",
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "key": {
                      "description": "An unencrypted Ed25519 or ECDSA private key. Default: ~/.ssh/id_ed25519, else ~/.ssh/id_ecdsa.",
                      "type": "string"
                    },
                    "known_hosts": {
                      "description": "By which the jump host is known. Default: ~/.ssh/known_hosts.",
                      "type": "string"
                    }
                  }
                }
              }
            },
            "instance": {
              "description": "Rarer fields of the API's create request.",
              "type": [
                "object",
                "null"
              ],
              "additionalProperties": false,
              "properties": {
                "security_groups": {
                  "description": "Ids. Default: the account's standard group; [] for none.",
                  "type": [
                    "array",
                    "null"
                  ],
                  "items": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[!-~]+$"
                  }
                },
                "volumes": {
                  "description": "Ids of volumes to attach; they outlive the instance.",
                  "type": [
                    "array",
                    "null"
                  ],
                  "items": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[!-~]+$"
                  }
                },
                "floating_ip": {
                  "description": "Id of a floating IP.",
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 255,
                  "pattern": "^[!-~]+$"
                },
                "placement_option": {
                  "description": "Default: AUTO.",
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 255,
                  "pattern": "^[!-~]+$"
                }
              }
            }
          },
          "definitions": {
            "scalar": {
              "type": [
                "string",
                "number",
                "boolean",
                "null"
              ]
            },
            "duration": {
              "type": "string",
              "pattern": "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$|^[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]$",
              "examples": [
                "90s",
                "2h30m",
                "1d",
                "12:30:00"
              ]
            },
            "durationOrNone": {
              "oneOf": [
                {
                  "$ref": "#/definitions/duration"
                },
                {
                  "const": "none"
                }
              ]
            },
            "hold": {
              "oneOf": [
                {
                  "type": "string",
                  "pattern": "^hold +[0-9dhms:]+$",
                  "examples": [
                    "hold 20m"
                  ]
                },
                {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "hold": {
                      "$ref": "#/definitions/duration"
                    }
                  },
                  "required": [
                    "hold"
                  ]
                }
              ]
            },
            "snapshotWhen": {
              "enum": [
                "never",
                "on_success",
                "on_failure",
                "always"
              ]
            }
          }
        }
        """# + "\n"
}
