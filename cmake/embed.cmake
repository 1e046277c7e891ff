# higuma_embed(TARGET UNIT FUNCTION file): adds a generated unit to TARGET that defines
# `namespace higuma { std::string_view FUNCTION(); }`, the text of the file.
function(higuma_embed target unit function file)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${unit}.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${output} -DFUNCTION=${function}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
