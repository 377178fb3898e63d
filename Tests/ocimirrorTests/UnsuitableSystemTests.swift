// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport
import Testing

/// Systems on which the program cannot run.
@Suite(.timeLimit(.minutes(10))) struct UnsuitableSystemTests {
    @Test(arguments: [
        ("0x075100", "libcurl 7.81.0 is too old; install libcurl 7.85.0 or later"),
        ("0x075500", nil), ("0x080e01", nil),
    ])
    func `a libcurl without the required options is reported before any request`(
        version: String, message: String?
    ) async throws {
        let registry = LoopbackRegistry()
        registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        var workspace = try Workspace()
        try workspace.folder.write(
            """
            #include <curl/curl.h>
            static curl_version_info_data data = {
                .age = CURLVERSION_NOW, .version = "replaced", .version_num = \(version)};
            curl_version_info_data *curl_version_info(CURLversion age) { return &data; }

            """, to: "version.c")
        try await workspace.shell("cc -shared -fPIC -o version.so version.c")
        workspace.environment = ["LD_PRELOAD": workspace.folder("version.so")]
        let run = try await workspace.run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        guard let message else {
            #expect(run.status == 0, "\(run.said)")
            return
        }
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(registry.requests.isEmpty)
    }

    @Test(.enabled(if: canMount))
    func `without /proc, the message says so`() async throws {
        let said = try await Workspace().shell(
            "unshare --mount sh -c 'umount -l /proc && exec \(Workspace.program) --version' 2>&1 || echo $?"
        )
        #expect(said.contains("cannot read the command line: /proc is not mounted"), "\(said)")
        #expect(said.contains("mount /proc"))
        #expect(said.hasSuffix("\n2\n"))
    }

    /// Mounts require root, so this runs only in CI.
    private static let canMount =
        getuid() == 0
        && (try? SpawnedProcess("unshare", ["--mount", "umount", "-l", "/proc"]).wait()) == 0
}
