// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// The command `login`.
struct LoginCommand: ConfiguredCommand {
    var options = CommonOptions()
    var registry = ""
    var user: String?
    var readsPassword = false

    static let name = "login"
    static let summary = "Log in to a registry"
    static let discussion = """
        Checks the credentials with the registry, then stores them in Docker's config.json or in the \
        credential helper that it names, where docker and skopeo find them too. Rejected credentials \
        are not stored. There is no option for the password, because other processes could read it.
        """
    static let examples = [
        Example("ocimirror login ghcr.io --username me", "prompt for the password"),
        Example(
            "printenv TOKEN | ocimirror login ghcr.io --username me --password-stdin",
            "read the password from a pipe"),
    ]
    static let parameters: [Parameter<LoginCommand>] =
        [
            .positional("REGISTRY", into: \.registry, help: "registry host, such as ghcr.io"),
            .option(
                "--username", short: "-u", placeholder: "USER", into: \.user, help: "user name"),
            .flag(
                "--password-stdin", into: \.readsPassword,
                help: "read the password from standard input"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let host = try usage("REGISTRY", registry, RegistryHost.init(parsing:))
        let registries = try ConfigurationFile.registries(options.config, in: context)
        let logins = try CredentialFile(
            authFile: options.authFile.map(context.absolute), environment: context.environment)
        let user = try self.userName()
        let password = try self.password()
        let network = try await Network(
            to: [host], registries, options, in: context, retryMode: .attended)
        let isVerified = try await network.pool.verify(
            FoundCredential(
                Credential(user: user, password: password),
                source: readsPassword ? "standard input" : "the prompt", isEntered: true),
            at: host)
        let location = try await logins.store(user: user, password: password, for: host)
        if !isVerified {
            context.console.warn(
                "\(host) allows anonymous access, so the credentials were not checked")
        }
        if registries[host]?.credentials != nil {
            context.console.warn(
                "\(UntrustedText(options.config).display) has credentials for \(host), which take "
                    + "precedence over this login")
        }
        let document = LoginDocument(
            command: Self.name, registry: host, isVerified: isVerified, storage: location,
            text: "logged in to \(host), credentials stored in \(UntrustedText(location).display)\n"
        )
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }

    private func userName() throws -> String {
        guard let user = try user ?? (readsPassword ? nil : Terminal.prompt("Username: ")) else {
            throw UsageError(
                ["ocimirror"], .contradiction("--username: required without a terminal"))
        }
        guard !user.isEmpty, !user.utf8.contains(where: { $0 < 0x20 || $0 == 0x3A || $0 == 0x7F })
        else {
            throw UsageError(
                ["ocimirror"],
                .invalidValue(
                    of: "--username", UntrustedText(user),
                    reason: "empty, or contains ':' or a control character", suggestion: nil))
        }
        return user
    }

    private func password() throws -> Secret {
        let text =
            readsPassword
            ? try Terminal.allInput(limit: 64 << 10)
            : try Terminal.prompt("Password: ", isSecret: true)
        guard let text, !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw UsageError(
                ["ocimirror"],
                .contradiction(
                    readsPassword
                        ? "--password-stdin: no single-line password on standard input"
                        : "no password entered; without a terminal, use --password-stdin"))
        }
        return Secret(text)
    }
}

extension Terminal {
    /// Prompts the user, or returns `nil` without a terminal.
    fileprivate static func prompt(_ question: String, isSecret: Bool = false) throws -> String? {
        try isInteractive ? line(question, isSecret: isSecret) : nil
    }
}

/// The command `logout`.
struct LogoutCommand: ConfiguredCommand {
    var options = CommonOptions()
    var registry = ""

    static let name = "logout"
    static let summary = "Remove the stored credentials of a registry"
    static let discussion = """
        Removes the credentials from Docker's config.json and from the credential helper that it names. \
        They stay valid until they are revoked at the registry.
        """
    static let examples = [Example("ocimirror logout ghcr.io", "remove the credentials")]
    static let parameters: [Parameter<LogoutCommand>] =
        [.positional("REGISTRY", into: \.registry, help: "registry host, such as ghcr.io")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let host = try usage("REGISTRY", registry, RegistryHost.init(parsing:))
        let logins = try CredentialFile(
            authFile: options.authFile.map(context.absolute), environment: context.environment)
        let wasRemoved = try await logins.erase(host)
        let file = UntrustedText(logins.file).display
        let document = LoginDocument(
            command: Self.name, registry: host, wasRemoved: wasRemoved, storage: logins.file,
            text: wasRemoved
                ? "logged out of \(host)\n" : "not logged in to \(host) (\(file))\n")
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }
}

/// The result of `login` and `logout` as text and JSON.
struct LoginDocument {
    let command: String
    let registry: RegistryHost
    /// A Boolean value that indicates whether the registry accepted the credentials.
    var isVerified: Bool?
    /// A Boolean value that indicates whether stored credentials were removed.
    var wasRemoved: Bool?
    /// The file or credential helper that stores the credentials.
    let storage: String
    /// The result as text.
    let text: String

    var json: JSONValue {
        [
            "schema": 1,
            "command": .string(command),
            "exitCode": .integer(Int(ExitCode.success.rawValue)),
            "registry": .string(registry.name),
            "verified": isVerified.map(JSONValue.bool) ?? .null,
            "removed": wasRemoved.map(JSONValue.bool) ?? .null,
            "storedIn": .string(storage),
        ]
    }
}
