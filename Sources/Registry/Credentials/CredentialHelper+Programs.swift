// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Content

extension CredentialHelper {
    /// Returns a runner for the programs in `PATH`.
    ///
    /// They receive only the variables that helpers need to find keyrings, key files and clouds,
    /// because the environment may contain the passwords of other registries.
    static func runner(_ environment: [String: String]) -> Runner {
        let forwarded = environment.filter { isForwarded($0.key) }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return { program, arguments, input in
            guard let executable = Subprocess.locate(program, path: path) else {
                throw ContentError(.unavailable, "not found in PATH")
            }
            let output = try await Subprocess.run(
                executable: executable, arguments: arguments, environment: forwarded, input: input,
                limits: ChildLimits(time: timeLimit, outputByteCount: outputLimit))
            switch output.termination {
            case .exited(let status):
                return Output(status: Int(status), output: output.standardOutput)
            case .signalled(let signal):
                throw ContentError(.unavailable, "terminated by signal \(signal)")
            }
        }
    }

    private static func isForwarded(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS", "DOCKER_CONFIG", "GNUPGHOME", "GPG_TTY", "NO_PROXY", "no_proxy",
        "http_proxy", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// The variables of desktop sessions, `pass`, and the helpers of ECR, Google's and Azure's
    /// registries.
    private static let prefixes = [
        "XDG_", "LC_", "PASSWORD_STORE_", "AWS_", "GOOGLE_", "CLOUDSDK_", "GCR_", "AZURE_",
    ]
}
