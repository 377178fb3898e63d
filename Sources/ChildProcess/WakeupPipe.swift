// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Wakes a thread that waits in `poll`.
final class WakeupPipe: Sendable {
    enum Event: UInt8 {
        case exited
        case canceled
        case inputAvailable
    }

    private let pipe: Pipe

    init(for executable: String) throws(ChildProcessError) {
        pipe = try Pipe(for: executable)
        try pipe.reading.setNonBlocking(for: executable)
    }

    /// The entry for `poll`.
    var descriptor: Int32 { pipe.reading.descriptor }

    func send(_ event: Event) {
        // The first two events occur once each, the third only after the last one was read: the
        // pipe has space.
        _ = pipe.writing.write([event.rawValue])
    }

    /// Returns the events since the last call.
    func events() -> [Event] {
        (pipe.reading.read(upTo: 8) ?? []).compactMap(Event.init(rawValue:))
    }
}
