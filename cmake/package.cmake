# What is installed, and the Debian package made of it: `cpack -G DEB` in the build folder.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # tests need not be built for it

install(TARGETS verbatim)
install(FILES ${PROJECT_SOURCE_DIR}/tests/data/nasa_webb_video.mp4 DESTINATION ${CMAKE_INSTALL_DATADIR}/verbatim)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/verbatim.service DESTINATION lib/systemd/system)
install(FILES README.md docs/operations.md docs/cli.md docs/http-api.md docs/performance.md docs/formats.md
  THIRD_PARTY_NOTICES.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

# The program writes its own completions.
set(completions)
foreach(shell IN ITEMS bash zsh fish)
  set(script ${PROJECT_BINARY_DIR}/completion.${shell})
  add_custom_command(OUTPUT ${script} DEPENDS verbatim
    COMMAND sh -c "$<TARGET_FILE:verbatim> completion ${shell} > ${script}" VERBATIM)
  list(APPEND completions ${script})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
install(FILES ${PROJECT_BINARY_DIR}/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME verbatim)
install(FILES ${PROJECT_BINARY_DIR}/completion.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
  RENAME _verbatim)
install(FILES ${PROJECT_BINARY_DIR}/completion.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
  RENAME verbatim.fish)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME verbatim)
set(CPACK_PACKAGE_VENDOR Verbatim)
set(CPACK_PACKAGE_CONTACT "The Verbatim project <verbatim@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "turns video and audio into text and subtitles on your own machine")
set(CPACK_PACKAGE_DESCRIPTION "Transcribes with OpenAI's Whisper models on an ordinary CPU: a command line,
and a server with a page for browsers, an HTTP API and OpenAI's audio API.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
include(CPack)
