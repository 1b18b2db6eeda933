/// The Instances page's own cURL examples and answers, word for word.
enum PageExamples {
    /// Title, and what is to be typed.
    static let commands: [(title: String, text: String)] = [
        (
            "create",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X POST "https://api.genesiscloud.com/compute/v1/instances" \
            -H "Content-Type: application/json" \
            --data-raw '{
            "name": "name",
            "hostname": "hostname",
            "type": "vcpu-4_memory-12g_disk-80g_nvidia3080-1",
            "image": "ac26fa2b-c6d5-47a7-bc4e-5a219797e70f",
            "ssh_keys": ["45bcd3ac-fccd-4eea-a812-21f01d665464"]
            }'
            """#
        ),
        (
            "list",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            "https://api.genesiscloud.com/compute/v1/instances"
            """#
        ),
        (
            "get",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            "https://api.genesiscloud.com/compute/v1/instances/<instance_id>"
            """#
        ),
        (
            "snapshot",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X POST "https://api.genesiscloud.com/compute/v1/instances/<instance_id>/snapshots" \
            -H "Content-Type: application/json" \
            --data-raw '{
            "name": "snapshot-name"
            }'
            """#
        ),
        (
            "snapshots",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            "https://api.genesiscloud.com/compute/v1/instances/<instance_id>/snapshots"
            """#
        ),
        (
            "security groups",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X PATCH "https://api.genesiscloud.com/compute/v1/instances/<instance_id>" \
            -H "Content-Type: application/json" \
            --data-raw '{
            "security_groups": ["fd537d69-9db7-4a44-83b8-96f79d10071a"]
            }'
            """#
        ),
        (
            "volumes",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X PATCH "https://api.genesiscloud.com/compute/v1/instances/<instance_id>" \
            -H "Content-Type: application/json" \
            --data-raw '{
            "volumes": ["0580fb4c-de74-4b83-8bdb-1fd87d89f827"]
            }'
            """#
        ),
        (
            "actions",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            "https://api.genesiscloud.com/compute/v1/instances/<instance_id>/actions"
            """#
        ),
        (
            "reset",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X POST "https://api.genesiscloud.com/compute/v1/instances/<instance_id>/actions" \
            -H "Content-Type: application/json" \
            --data-raw '{
            "action": "reset"
            }'
            """#
        ),
        (
            "destroy",
            #"""
            curl -H "Authorization: Bearer $TOKEN" \
            -X DELETE "https://api.genesiscloud.com/compute/v1/instances/<instance_id>"
            """#
        ),
    ]

    static let imageID = "ac26fa2b-c6d5-47a7-bc4e-5a219797e70f"
    static let keyID = "45bcd3ac-fccd-4eea-a812-21f01d665464"
    static let groupID = "fd537d69-9db7-4a44-83b8-96f79d10071a"
    static let volumeID = "0580fb4c-de74-4b83-8bdb-1fd87d89f827"

    /// "Get Instance", "Create an Instance" and the rest: one instance of the page.
    static let instance = #"""
        {
        "id": "9e8ce501-d692-402c-8fca-5a8f5d8ddd57",
        "name": "name",
        "hostname": "hostname",
        "type": "vcpu-4_memory-12g_disk-80g_nvidia3080-1",
        "region": "ARC-IS-HAF-1",
        "image": {
        "id": "ac26fa2b-c6d5-47a7-bc4e-5a219797e70f",
        "name": "Ubuntu 20.04"
        },
        "floating_ip": null,
        "ssh_keys": [
        {
        "id": "45bcd3ac-fccd-4eea-a812-21f01d665464",
        "name": "ssh-key-name"
        }
        ],
        "security_groups": [
        {
        "id": "fd537d69-9db7-4a44-83b8-96f79d10071a",
        "name": "standard"
        }
        ],
        "volumes": [
        {
        "id": "0580fb4c-de74-4b83-8bdb-1fd87d89f827",
        "name": "<volume_name>"
        }
        ],
        "is_protected": false,
        "status": "active",
        "private_ip": "192.168.10.124",
        "public_ip": "198.51.100.127",
        "disk_size": 80,
        "created_at": "2020-03-23T10:09:29.152Z",
        "updated_at": "2020-03-23T10:10:28.797Z"
        }
        """#

    /// "List Snapshots of an Instance".
    static let snapshots = #"""
        {
        "snapshots": [
        {
        "id": "ff942497-62f6-4a9d-8dc4-3766ebc2b8a2",
        "name": "snapshot-name",
        "size": 80,
        "region": "ARC-IS-HAF-1",
        "status": "created",
        "resource_id": "<snapshotted-resource-id>",
        "created_at": "2020-04-06T10:47:46.786Z"
        }
        ],
        "total_count": 1,
        "page": 1,
        "per_page": 50
        }
        """#
}
