// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Content
internal import Files
public import OCI

extension CredentialStore {
    /// Makes a store that reads real files and runs real helpers.
    ///
    /// - Parameters:
    ///   - given: credentials that go before all others, by registry.
    ///   - authFile: a file that goes before docker's and podman's; it has to exist.
    ///   - environment: the environment variables.
    public init(
        given: [RegistryHost: Credential] = [:], authFile: String? = nil,
        environment: [String: String]
    ) {
        self.init(
            given: given, authFile: authFile, environment: environment,
            read: { path in
                do {
                    return try BoundedFile.read(path, limit: 1 << 20)
                } catch let error as FileError where error.isMissing {
                    return nil
                }
            },
            run: { program, arguments, input in
                guard let path = Child.locate(program, path: environment["PATH"] ?? "") else {
                    throw ContentError(
                        .unavailable, "\(program): there is no such program in PATH",
                        hint: "install the credential helper, or take it out of the auth file")
                }
                let output = try await Child.run(
                    executable: path, arguments: arguments,
                    environment: environment.filter { HelperEnvironment.passes($0.key) },
                    input: input,
                    limits: ChildLimits(
                        time: CredentialHelper.timeLimit,
                        outputByteCount: CredentialHelper.outputLimit))
                guard case .exited(let status) = output.termination else {
                    throw ContentError(.unavailable, "\(program): was ended by a signal")
                }
                return CredentialHelper.Answer(
                    status: Int(status), output: output.standardOutput)
            })
    }
}

/// What of the environment a credential helper gets: its way to a keyring or a cloud, and no secret
/// that belongs to somebody else.
private enum HelperEnvironment {
    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "DISPLAY", "GNUPGHOME",
        "DBUS_SESSION_BUS_ADDRESS", "PASSWORD_STORE_DIR", "DOCKER_CONFIG", "http_proxy",
        "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
    ]
    private static let prefixes = ["XDG_", "LC_", "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "GCR_"]

    static func passes(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
}
