// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Files
import Glibc
import RegistryTestSupport
import Testing
import YAML

@testable import ocimirror

@Suite(.timeLimit(.minutes(10))) struct KubernetesTests {
    private static func file(_ name: String) throws -> WorkflowFile {
        try WorkflowFile("\(name).yaml", in: "\(Workspace.project)/packaging/kubernetes/\(name)")
    }

    @Test(arguments: [("cronjob", 1), ("shards", 1), ("merge", 4)])
    func `every pod runs unprivileged with a read-only root file system`(name: String, count: Int)
        throws
    {
        let containers = try Self.file(name).containers
        #expect(containers.count == count)
        for (pod, container) in containers {
            let security = pod["securityContext"]
            #expect(security?["runAsNonRoot"]?.text == "true")
            #expect(security?["runAsUser"]?.text == "10001")
            #expect(security?["seccompProfile"]?["type"]?.text == "RuntimeDefault")
            #expect(pod["automountServiceAccountToken"]?.text == "false")
            let own = container["securityContext"]
            #expect(own?["allowPrivilegeEscalation"]?.text == "false")
            #expect(own?["readOnlyRootFilesystem"]?.text == "true")
            #expect(own?["capabilities"]?["drop"]?.items?.map(\.text) == ["ALL"])
            #expect(container["resources"]?["limits"]?["memory"] != nil)
            // All volumes that are mounted exist, and the working directory is a mount.
            let volumes = (pod["volumes"]?.items ?? []).map { $0["name"]?.text }
            for mount in container["volumeMounts"]?.items ?? [] {
                #expect(volumes.contains(mount["name"]?.text))
            }
            #expect(container["workingDir"]?.text == "/var/lib/ocimirror")
            // No state outlives a pod.
            let work = (pod["volumes"]?.items ?? []).first { $0["name"]?.text == "work" }
            #expect(work?["emptyDir"] != nil)
            let words = (container["args"]?.items ?? []).compactMap(\.text)
            #expect(throws: Never.self) { try Program.tree.parse(words, environment: [:]) }
        }
    }

    @Test func `the pods run as the image's user`() async throws {
        let user = try await Workspace().shell(
            "cd \(Workspace.project)/packaging/image && grep -l '10001:10001' build layout")
        #expect(user == "build\nlayout\n")
    }

    @Test func `sharded pods and a merge produce the same lock file as a single pod`()
        async throws
    {
        let internet = try await Internet()
        defer { withExtendedLifetime(internet) {} }
        internet.publish("grafana/grafana", tag: "12.1.0", seed: 1)
        internet.publish("library/redis", tag: "7.4.1", seed: 2)
        let configuration = try String(
            decoding: BoundedFile.read(
                "\(Workspace.project)/packaging/kubernetes/configuration/mirror.yaml",
                limit: 1 << 20), as: UTF8.self)
        let nightly = try Self.file("cronjob")
        let shards = try Self.file("shards")
        // Each pod has a directory of its own.
        func pod(_ file: WorkflowFile, _ further: [String: String] = [:]) async throws -> Workspace
        {
            let workspace = try Self.workspace(configuration, internet)
            for (_, container) in file.containers {
                let run = try await Self.run(container, in: workspace, further)
                #expect(run.status == 0, "\(run.said)")
            }
            return workspace
        }
        let single = try await pod(nightly)
        #expect(single.lock.contains("redis"))
        // The next night continues from the published lock file.
        internet.dockerHub.forgetRequests()
        #expect(try await pod(nightly).lock == single.lock)
        #expect(internet.dockerHub.requests.count(of: .manifestGet) == 0)

        let job = try #require(shards.documents.last?["spec"])
        let count = try #require(job["completions"]?.text.flatMap { Int($0) })
        for index in 0..<count { _ = try await pod(shards, ["JOB_COMPLETION_INDEX": "\(index)"]) }
        let merged = try await pod(try Self.file("merge"))
        #expect(merged.lock == single.lock)
    }

    /// The scan worker sandboxes itself; that must not require privileges.
    @Test(.enabled(if: canMakePods))
    func `a pod's permissions suffice to copy an image and scan its layers`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        defer { withExtendedLifetime((source, target)) {} }
        source.publish(ImageBuilder().multiPlatform(), repository: "web", tag: "1.0")
        let workspace = try Workspace(
            """
            version: 1
            targets: [{prefix: "\(target.host)/mirror", lock: images.lock.yaml}]
            registries:
              "\(source.host)": {plainHTTP: true}
              "\(target.host)": {plainHTTP: true}
            images:
              - {source: "\(source.host)/web:1.0", name: there, requires: [/etc/seed]}
              - {source: "\(source.host)/web:1.0", name: lacks, requires: [/etc/nothing]}

            """)
        try workspace.folder.write(
            """
            set -e
            mount -o bind,remount,ro /
            mount --bind "$PWD" "$PWD"
            mount -o bind,remount,rw "$PWD"
            cd "$PWD"
            ! touch /var/tmp/writable 2>/dev/null
            exec setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all \
                --inh-caps=-all --no-new-privs \(Workspace.program) sync

            """, to: "pod.sh")
        let said = try await workspace.shell(
            "chown -R 10001:10001 . && unshare --mount sh pod.sh || echo \"code $?\"")
        #expect(said.contains("there  mirrored"), "\(said)")
        #expect(said.contains("path-missing"), "\(said)")
        #expect(said.hasSuffix("code 1\n"))
        #expect(workspace.lock.contains("there:"))
        #expect(!workspace.lock.contains("lacks:"))
    }

    /// Mounts and users require root, so this runs only in CI.
    private static let canMakePods =
        getuid() == 0
        && (try? SpawnedProcess("unshare", ["--mount", "mount", "-o", "bind,remount,ro", "/"])
            .wait())
            == 0

    private static func workspace(_ configuration: String, _ internet: Internet) throws -> Workspace
    {
        var workspace = try Workspace(configuration)
        workspace.environment = internet.environment
        // `echo -n octocat:canary-token | base64`
        let login = "b2N0b2NhdDpjYW5hcnktdG9rZW4="
        try workspace.folder.write(
            #"{"auths": {"ghcr.io": {"auth": "\#(login)"}}}"#, to: "config.json")
        return workspace
    }

    /// Runs the container's arguments with its environment in the mounted directory.
    private static func run(
        _ container: YAMLNode, in workspace: Workspace, _ further: [String: String]
    ) async throws -> Run {
        var workspace = workspace
        for variable in container["env"]?.items ?? [] {
            guard let name = variable["name"]?.text, let value = variable["value"]?.text else {
                continue
            }
            let isMounted = value.hasPrefix("/registries/")
            workspace.environment[name] =
                isMounted ? workspace.folder(String(value.dropFirst("/registries/".count))) : value
        }
        workspace.environment.merge(further) { $1 }
        return try await workspace.run(
            arguments: try #require(container["args"]?.items).compactMap(\.text))
    }
}
