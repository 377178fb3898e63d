// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport

/// `fault-proxy --upstream PORT --fault NAME [--only TEXT] [--port PORT]`: a ``FaultProxy`` for manual tests.
///
/// It prints its address and, at its end (SIGINT, SIGTERM), its statistics as
/// `requests=N strikes=N asked=SECONDS`.
@main
struct FaultProxyCommand {
    static func main() {
        let usage = [
            "usage: fault-proxy --upstream PORT --fault NAME [--only TEXT] [--port PORT]",
            "faults: \(ProxyFault.allCases.map(\.rawValue).joined(separator: " "))",
        ]
        let program = ServingProgram(
            usage: usage, options: ["--upstream", "--fault", "--only", "--port"])
        let options = program.options
        guard let upstream = UInt16(options["--upstream"] ?? ""), upstream > 0,
            let fault = ProxyFault(rawValue: options["--fault"] ?? "none"),
            let port = UInt16(options["--port"] ?? "0")
        else { ServingProgram.fail(usage) }
        do {
            let proxy = try FaultProxy(
                before: upstream, fault, only: options["--only"], port: port)
            program.say("listening on \(proxy.host)")
            program.waitForEnd()
            let tally = proxy.tally
            proxy.stop()
            program.say(
                "requests=\(tally.requests) strikes=\(tally.strikes) "
                    + "asked=\(tally.secondsAskedFor)")
        } catch {
            ServingProgram.fail(["fault-proxy: port \(port) cannot be listened on"])
        }
    }
}
