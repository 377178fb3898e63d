// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

/// The options that every command has.
struct CommonOptions: Sendable {
    var config = "mirror.yaml"
    var json = false
    var quiet = false
    var verbose = false
    var logFormat = LogFormat.text
    var jobs = 4
    var authFile: String?
    var caFile: String?
    var plainHTTP: [String] = []
    var strictAuth = false
    var idleTimeout = Duration.seconds(30)
    var retryFor: Duration?
    var bandwidth: ByteRate?

    static let parameters: [Parameter<CommonOptions>] = [
        .option("--config", "-c", "FILE", into: \.config, help: "the configuration"),
        .flag("--json", into: \.json, help: "write the result as JSON"),
        .flag("--quiet", "-q", into: \.quiet, help: "say nothing but results and errors"),
        .flag("--verbose", "-v", into: \.verbose, help: "say what each request does"),
        .option("--log-format", into: \.logFormat, help: "the form of lines on standard error"),
        .number(
            "--jobs", "-j", in: 1...64, into: \.jobs,
            help: "blobs on their way at once, over all images; small ones have places of their own"
        ),
        .option(
            "--auth-file", nil, "FILE", into: \.authFile,
            help: "credentials in the form of docker's config.json"),
        .option(
            "--ca-file", nil, "FILE", into: \.caFile,
            help: "certificate authorities to trust instead of the system's"),
        .option(
            "--plain-http", nil, "HOST", into: \.plainHTTP,
            help: "a registry that speaks HTTP without TLS"),
        .flag(
            "--strict-auth", into: \.strictAuth,
            help:
                "fail where credentials are rejected, even if anyone may read: no pull is tried without"
        ),
        .option(
            "--idle-timeout", into: \.idleTimeout,
            help: "abort a request that waits, or a transfer that is idle, for this long"),
        .option(
            "--retry-for", into: \.retryFor,
            help:
                "give up a host after it has failed for this long "
                + "[default: 60s for check and login, else 5m]"),
        .option(
            "--bandwidth", into: \.bandwidth,
            help: "how much all downloads together may bring in a second, like 50MB/s"),
    ]

    /// How much is said on standard error.
    var volume: Console.Volume {
        quiet ? .quiet : verbose ? .verbose : .normal
    }
}

/// A command with the common options.
protocol ConfiguredCommand: Command where Context == ProgramContext {
    var options: CommonOptions { get }
}
