// SPDX-License-Identifier: Apache-2.0

import Glibc
import struct Synchronization.Atomic

/// The result of the last input, so that the optimizer keeps the parser.
private let lastResult = Atomic(0)

/// The target that `OCIMIRROR_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = unsafe getenv("OCIMIRROR_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = FuzzTarget.named(name) else {
        let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
        fatalError("OCIMIRROR_FUZZ_TARGET must be one of \(names)")
    }
    return target
}()

/// Runs one input, for libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        lastResult.store(try target.check(input), ordering: .relaxed)
    } catch {
        fatalError("violation: \(error.description)")
    }
    return 0
}
