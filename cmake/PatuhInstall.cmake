# What an office or a device needs: the programs, the service of deploy/README.md, and that guide.
include(GNUInstallDirs)
install(TARGETS patuhd patuh)
install(FILES deploy/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/patuhd@.service DESTINATION lib/systemd/system)
