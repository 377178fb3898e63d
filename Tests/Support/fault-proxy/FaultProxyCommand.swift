// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport

/// `fault-proxy --upstream PORT --fault NAME [--only TEXT] [--port PORT]`: a ``FaultProxy`` to be
/// tried by hand.
///
/// It says where it listens, and at its end (SIGINT, SIGTERM) what it did, as
/// `requests=N strikes=N asked=SECONDS`.
@main
struct FaultProxyCommand {
    static func main() {
        let signals = blockedSignals()
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            let names = ProxyFault.allCases.map(\.rawValue).joined(separator: " ")
            say(
                "usage: fault-proxy --upstream PORT --fault NAME [--only TEXT] [--port PORT]", to: 2
            )
            say("faults: \(names)", to: 2)
            exit(64)
        }
        do {
            let proxy = try FaultProxy(
                before: options.upstream, options.fault, only: options.only, port: options.port)
            say("listening on \(proxy.host)", to: 1)
            wait(for: signals)
            let tally = proxy.tally
            proxy.stop()
            say(
                "requests=\(tally.requests) strikes=\(tally.strikes) "
                    + "asked=\(tally.secondsAskedFor)", to: 1)
        } catch {
            say("fault-proxy: port \(options.port) cannot be listened on", to: 2)
            exit(1)
        }
    }

    private struct Options {
        var upstream: UInt16 = 0
        var fault = ProxyFault.none
        var only: String?
        var port: UInt16 = 0

        /// Nil where the words are not as they should be.
        init?(_ words: ArraySlice<String>) {
            var rest = words
            while let option = rest.popFirst() {
                guard let value = rest.popFirst() else { return nil }
                switch option {
                case "--upstream":
                    guard let number = UInt16(value) else { return nil }
                    upstream = number
                case "--fault":
                    guard let known = ProxyFault(rawValue: value) else { return nil }
                    fault = known
                case "--only": only = value
                case "--port":
                    guard let number = UInt16(value) else { return nil }
                    port = number
                default: return nil
                }
            }
            guard upstream > 0 else { return nil }
        }
    }

    /// Blocks the signals that end it, before there is any other thread, so that it can wait for them.
    private static func blockedSignals() -> sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigprocmask(SIG_BLOCK, &signals, nil)
        return signals
    }

    private static func wait(for signals: sigset_t) {
        var signals = signals
        var number: Int32 = 0
        unsafe sigwait(&signals, &number)
    }

    private static func say(_ line: String, to descriptor: Int32) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
}
