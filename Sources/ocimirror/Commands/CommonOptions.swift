// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import LayerScanning
internal import Mirroring
internal import OCI

/// The options that every command has.
struct CommonOptions: Sendable {
    var config = "mirror.yaml"
    var json = false
    var quiet = false
    var verbose = false
    var logFormat = LogFormat.text
    var jobs: Int?
    var authFile: String?
    var caFile: String?
    var plainHTTP: [String] = []
    var strictAuth = false
    var idleTimeout = Duration.seconds(30)
    var retryFor: Duration?
    var bandwidth: ByteRate?

    static let parameters: [Parameter<CommonOptions>] = [
        .option(
            "--config", short: "-c", placeholder: "FILE", into: \.config, help: "configuration file"
        ),
        .flag("--json", into: \.json, help: "write the result as JSON"),
        .flag(
            "--quiet", short: "-q", into: \.quiet,
            help: "print only errors and results that need attention"),
        .flag("--verbose", short: "-v", into: \.verbose, help: "log each request"),
        .option("--log-format", into: \.logFormat, help: "format of log lines on standard error"),
        .number(
            "--jobs", short: "-j", in: 1...256, into: \.jobs,
            help: "maximum number of concurrent blob transfers [default: adapts to the network]"
        ),
        .option(
            "--auth-file", placeholder: "FILE", into: \.authFile,
            help: "Docker-style credentials file"),
        .option(
            "--ca-file", placeholder: "FILE", into: \.caFile,
            help: "CA certificates to trust instead of the system's"),
        .option(
            "--plain-http", placeholder: "HOST", into: \.plainHTTP,
            help: "registry to access without TLS"),
        .flag(
            "--strict-auth", into: \.strictAuth,
            help:
                "do not fall back to anonymous pulls if credentials are rejected"
        ),
        .option(
            "--idle-timeout", into: \.idleTimeout,
            help: "abort a request or transfer that is idle for this long"),
        .option(
            "--retry-for", into: \.retryFor,
            help:
                "retry a failing host for at most this long "
                + "[default: 60s for check and login, else 5m]"),
        .option(
            "--bandwidth", into: \.bandwidth,
            help: "limit of the total download rate, such as 50MB/s"),
    ]

    /// The maximum number of scan processes.
    var scanCount: Int {
        min(jobs ?? LayerScanner.maximumConcurrency, LayerScanner.maximumConcurrency)
    }

    /// The verbosity of standard error.
    var volume: Console.Volume {
        quiet ? .quiet : verbose ? .verbose : .normal
    }
}

/// A command with the common options.
protocol ConfiguredCommand: Command where Context == ProgramContext {
    var options: CommonOptions { get }
}
