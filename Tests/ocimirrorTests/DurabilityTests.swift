// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// The order of the system calls that replace a file: only a power failure shows a wrong one.
@Suite(.timeLimit(.minutes(5))) struct DurabilityTests {
    @Test func `a file is on disk before it is renamed, and its name before the program ends`()
        async throws
    {
        let workspace = try Workspace()
        try workspace.folder.write("image: ghcr.io/acme/mirror/api:1.4.2\n", to: "values.yaml")
        try await workspace.shell(
            """
            cp '\(Workspace.project)/Tests/PinningTests/Fixtures/images.lock.yaml' .
            strace -f -y -o calls -e trace=fsync,rename '\(Workspace.program)' pin values.yaml
            """)
        let calls = workspace.folder.text("calls").split(separator: "\n").compactMap(Self.name)
        #expect(calls == ["fsync of the file", "rename", "fsync of the directory"])
    }

    /// Returns the meaning of a line of strace, or `nil` for the end of a process.
    private static func name(_ line: Substring) -> String? {
        if line.contains(" rename(") { return "rename" }
        guard line.contains(" fsync(") else { return nil }
        return line.contains(".tmp>)") ? "fsync of the file" : "fsync of the directory"
    }
}
