// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess

/// The mode in which the program scans layers instead of running a command.
///
/// ``LayerScanner`` starts the program with ``serverName`` as a ``ForkServerProcess``, whose
/// children scan one layer each. With ``name``, for debugging, it scans one layer.
public struct ScanWorker: Sendable {
    static let serverName = "scan-layers"
    static let name = "scan-layer"

    /// The layer to scan; `nil` for a server.
    private let request: ScanRequest?

    /// Parses the arguments of the program; `nil` if they do not start a scan worker.
    public init?(_ arguments: [String]) {
        if arguments == [Self.serverName] {
            request = nil
        } else if arguments.first == Self.name, let request = ScanRequest(arguments.dropFirst()) {
            self.request = request
        } else {
            return nil
        }
    }

    /// Scans layers.
    ///
    /// - Returns: The exit status.
    public func run() -> Int32 {
        if let request { return request.scanStandardInput() }
        ScanRequest.prepare()
        ForkServerProcess.serve { bytes in
            guard let request = ScanRequest(bytes) else { return nil }
            return { request.scanStandardInput() }
        }
        return 0
    }
}
