// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import OCI

/// The result of testing one registry.
struct RegistryDiagnosis: Sendable {
    /// The use of a registry in the configuration.
    enum Role: String, Sendable, CaseIterable {
        case source
        case target
        case endpoint
    }

    /// A test, in the order in which they run.
    enum Test: String, Sendable, CaseIterable {
        case name
        case connection
        case tls
        case credentials
        case pull
        case push
        case pulls
        case clock
    }

    /// The result of a test.
    enum Status: String, Sendable {
        case ok
        /// The registry is used without this: TLS, credentials, or a pull rate limit.
        case none
        case warning
        case failed
        case notChecked = "not-checked"
    }

    /// A test with its result.
    struct Check: Sendable {
        let test: Test
        let status: Status
        /// The value in the table, if it says more than the status, such as a number.
        var value: String?
        /// The reason, or what was checked.
        var message: String?
        var hint: String?
        /// The class of a failure, which decides the exit code.
        var failureClass: FailureClass?

        /// Creates the result of a test that failed.
        static func failed(_ test: Test, _ error: any Error) -> Check {
            let failure = error as? any ContentFailure
            return Check(
                test: test, status: .failed, message: "\(error)", hint: failure?.hint,
                failureClass: failure?.failureClass ?? .unavailable)
        }
    }

    let registry: RegistryHost
    let roles: Set<Role>
    var checks: [Check] = []

    /// The result of a test, or `nil` if it does not apply to the registry.
    subscript(test: Test) -> Check? { checks.first { $0.test == test } }

    /// The exit code for this registry alone.
    var exitCode: ExitCode {
        .combining(checks.compactMap { $0.failureClass.map(ExitCode.init) })
    }
}
