// SPDX-License-Identifier: Apache-2.0

/// Debian's skopeo, an independent client, with its own home directory.
public struct Skopeo: Sendable {
    private let home: TemporaryFolder

    /// Creates a home directory without credentials.
    public init() throws {
        home = try TemporaryFolder()
        // Debian's policy file is missing if skopeo was installed without recommended packages.
        try home.write(#"{"default":[{"type":"insecureAcceptAnything"}]}"#, to: "policy.json")
    }

    /// The path of its credentials file in docker's format.
    public var authFile: String { home("auth.json") }

    /// Writes credentials for a registry.
    public func logIn(to host: String, user: String, password: String) throws {
        let encoded = Base64.encode(Array("\(user):\(password)".utf8))
        try home.write(#"{"auths":{"\#(host)":{"auth":"\#(encoded)"}}}"#, to: "auth.json")
    }

    /// Runs skopeo and waits for its exit.
    ///
    /// - Returns: The exit code and the output.
    public func run(
        _ arguments: [String]
    ) async throws -> (status: Int32, stdout: String, stderr: String) {
        let result = try await SpawnedProcess.run(
            "skopeo", ["--policy", home("policy.json")] + arguments,
            environment: [
                "HOME": home.path, "REGISTRY_AUTH_FILE": authFile, "TMPDIR": home.path,
                "XDG_RUNTIME_DIR": home.path,
            ])
        return (result.status, result.output, result.errors)
    }
}
