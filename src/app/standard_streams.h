#pragma once
/// Standard input, output and error of the process.

namespace naru::app {

/// Puts something in the place of those that are closed: the next file or connection would get
/// the number, and what is meant for people would be written into it. To the program they are as
/// closed as before: reading and writing fail. Called first, before anything is opened.
void reserve_standard_streams();

}  // namespace naru::app
